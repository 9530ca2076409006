"""What stands in for the world outside while no real messenger or payment provider is installed."""

from regulars.interfaces.sandbox.letters import deliver_code
from regulars.interfaces.sandbox.payments import NAME, SandboxPayments, usual

__all__ = ["NAME", "SandboxPayments", "deliver_code", "usual"]
