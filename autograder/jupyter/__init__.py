"""The course in Jupyter: an nbgrader course made from the units, cards in notebooks, and our judge inside nbgrader."""
