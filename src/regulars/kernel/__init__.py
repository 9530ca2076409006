"""What every floor needs: errors, time, ids, money, expressions, secrets, the outbox, PostgreSQL."""
