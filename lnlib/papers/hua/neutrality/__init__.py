"""The controlled test: does overlap of sub-networks tell whether languages are aligned?"""
