"""What must not be lost: the clock row, due rows, the audit chain and the outbox."""
