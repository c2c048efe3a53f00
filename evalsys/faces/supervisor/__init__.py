"""The face of special supervisors, and where the commission invites them."""
