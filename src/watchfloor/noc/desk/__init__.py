"""What people work on: alerts, tickets, reviews."""
