"""Bulletins (通报), board reports (述职) and project pages, from the published release only."""
