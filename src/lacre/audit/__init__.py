"""Audits: facts are collected once, checks are pure functions on them, one report says what came of it.

files ─read→ facts                   read/ finds places in text; facts/ makes them into frozen models
engine, host ─collect→ facts         collect.py: containers and images; beneath.py: the engine's process, files, host
facts ─checks→ answers               checks/ holds one file a check; registry.py names every one
answers ─hide→ report                hiding.py: comments, lacre.toml, the baseline
"""
