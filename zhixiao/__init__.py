"""Zhixiao (质效): the warehouse of a district's investment projects."""
