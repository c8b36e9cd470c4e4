"""The directory of inspectors: officers with a certificate of an authority that has the power to inspect, their recusals and leave."""
