"""What a frozen, trained network says of every frame of the kept videos, in one file that training reads."""
