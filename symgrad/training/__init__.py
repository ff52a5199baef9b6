"""What goes around the steps: schedules, averages, monitors and checkpoints."""
