"""A process apart, in which a submission's code runs: started from a warm one, isolated by bubblewrap, and limited."""
