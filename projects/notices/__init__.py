"""What people are told, in the app and by e-mail: who, of what, how, and never what an output holds."""
