"""What is told beside the vote: it helps to read a verdict, and never decides one."""
