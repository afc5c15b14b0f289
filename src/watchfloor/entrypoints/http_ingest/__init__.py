"""The door for devices without MQTT: batches of events over HTTP."""
