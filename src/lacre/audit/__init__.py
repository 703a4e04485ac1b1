"""Audits: facts are collected once, checks are pure functions on them, one report says what came of it.

files, engine ─collect→ facts        read/ finds places in text; facts/ makes them into frozen models
facts ─checks→ answers               checks/ holds one file a check; registry.py names every one
answers ─hide→ report                hiding.py: comments, lacre.toml, the baseline
"""
