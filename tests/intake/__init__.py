"""The way in: configuration, mapping, gateway, inbox, replay and imports."""
