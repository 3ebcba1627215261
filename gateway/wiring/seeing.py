"""What the console and the commands that look at shares are built of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.web.parts import ConsoleParts
    from gateway.wiring.house import House


def console_parts(house: House) -> ConsoleParts:
    """The console's shares; the story behind its buttons is made when the first of them is pressed."""
    from gateway.web.parts import ConsoleParts

    settings = house.settings
    return ConsoleParts(
        overview=house.overview,
        replay=lambda share_id, who: house.sharing.replay(share_id, who),
        abandon=lambda share_id, reason, who: house.sharing.abandon(share_id, reason, who),
        withdraw=lambda share_id, who: house.sharing.withdraw(share_id, who),
        correct=lambda share_id, values, who: house.sharing.correct_and_replay(share_id, values, who),
        pacs={name: ", ".join(site.pacs_names) or ", ".join(settings.pacs) for name, site in settings.site.items()},
        destinations=tuple(settings.destination),
    )
