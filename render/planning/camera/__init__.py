"""The shot and the camera at work on it, drawn until a passage can be filmed at the speed asked for."""
