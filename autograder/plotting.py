"""What all figures share: colours that colour-blind readers can tell apart (Okabe and Ito's, and one of Tol's)."""

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#777777"
