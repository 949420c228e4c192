"""Many files: which they are, what each becomes, how they are shared out, and what came of them."""
