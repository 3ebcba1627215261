"""The client side of OpenID Connect: the provider, the token, the claims, and what is kept of them."""
