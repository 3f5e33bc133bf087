"""What is measured against what, each as a command of its own."""
