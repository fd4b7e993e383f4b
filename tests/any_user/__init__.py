"""What holds whatever model the site has for its users. `--ds=tests.sites.email_user` runs it with another."""
