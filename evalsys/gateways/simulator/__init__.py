"""The simulator: a provider that speaks Twilio's language on loopback and connects calls to made-up citizens."""
