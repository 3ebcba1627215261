"""The login page of the demo's identity provider, and its style."""

from __future__ import annotations

PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Identification de démonstration</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<p class="mark">Service d'identification de démonstration</p>
<h1>Qui êtes-vous&nbsp;?</h1>
<p class="note">Personnes inventées, sans mot de passe. En service réel&nbsp;: Pro Santé Connect.</p>
<form method="post" action="/authorize">
{% for name in ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge",
                "code_challenge_method") %}
<input type="hidden" name="{{ name }}" value="{{ asked[name] }}">
{% endfor %}
<fieldset>
<legend>{{ "Patient" if patients else "Professionnel" }}</legend>
{% for person in people %}
<label><input type="radio" name="subject" value="{{ person.subject }}"{% if loop.first %} checked{% endif %}>
<span><strong>{{ person.label }}</strong><br>{{ person.title }}</span></label>
{% endfor %}
</fieldset>
<button type="submit">Se connecter</button>
<button type="submit" name="cancelled" value="yes" class="plain">Annuler</button>
</form>
</main>
</body>
</html>
"""

STYLE = """
* { box-sizing: border-box; }
body { display: grid; place-items: center; min-height: 100vh; margin: 0; padding: 1rem; background: #e8eef4;
  color: #17222d; font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { width: min(30rem, 100%); padding: 2rem; border-radius: 1rem; background: #fff;
  box-shadow: 0 6px 30px rgb(20 40 60 / 12%); }
.mark { margin: 0 0 1.5rem; color: #2a5d9c; font-weight: 600; }
h1 { margin: 0; font-size: 1.5rem; }
.note { margin: .25rem 0 1.25rem; color: #5a6b7a; font-size: .9rem; }
fieldset { margin: 0 0 1.25rem; padding: 0; border: 0; }
legend { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
label { display: flex; align-items: center; gap: .9rem; margin-bottom: .6rem; padding: .8rem 1rem;
  border: 1px solid #cfd9e3; border-radius: .7rem; cursor: pointer; }
label:has(:checked) { border-color: #2a5d9c; background: #f1f6fc; }
input { accent-color: #2a5d9c; }
button { padding: .6rem 1.2rem; border: 1px solid #2a5d9c; border-radius: .6rem; background: #2a5d9c; color: #fff;
  font: inherit; cursor: pointer; }
button.plain { border-color: transparent; background: none; color: #2a5d9c; }
:focus-visible { outline: 2px solid #2a5d9c; outline-offset: 2px; }
"""
