"""From the bytes of an instance to a picture: frames, decoders, rendering."""
