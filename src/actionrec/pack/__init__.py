"""All frames of all kept videos at one geometry (a view), in one file that training reads."""
