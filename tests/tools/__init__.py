"""The programs in `tools`: that they count what they say."""
