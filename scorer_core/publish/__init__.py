"""What a run leaves behind: its folder, the published config, the report."""
