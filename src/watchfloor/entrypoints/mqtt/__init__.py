"""
Events over MQTT: a subscriber that acknowledges after commit, and a broker for small sites.

`wf/{tenant}/{device}/{kind}` says who speaks and of what; the broker lets nobody speak for
another. Against an external broker several subscribers may share the stream.
"""
