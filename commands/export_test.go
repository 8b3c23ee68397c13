package commands

// Read reads a form as the bot does.
func Read(filled *Filled) (Command, error) { return filled.command() }
