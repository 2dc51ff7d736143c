"""Messages of version 1 of the protocol, generated from plugin.proto."""
