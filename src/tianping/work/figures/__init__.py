"""Figures for people and programs: boards, products, a figure down to its rows. Every one within somebody's reach."""
