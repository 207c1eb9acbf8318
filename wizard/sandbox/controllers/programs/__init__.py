"""What runs in the containers: for each known image a program that logs, answers, needs memory and ends like it."""
