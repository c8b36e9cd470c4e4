"""Firms that officers inspect: holders of precursor chemicals and couriers, once each by unified social credit code."""
