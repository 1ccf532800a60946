"""Request and response models of the chat."""
