"""Measurements that keep our claims honest: calibration of the gate, speed."""
