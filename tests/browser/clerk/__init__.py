"""Front ends made for Clerk, before this site. They come from npm, for these tests only."""
