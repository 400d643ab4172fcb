"""Composition: knows everyone, known by no one."""
