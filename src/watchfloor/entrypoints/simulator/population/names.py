"""Invented names, so that a screen shows people and places and not numbers."""

FIRST_NAMES = (
    "Amara", "Bela", "Chidi", "Dagny", "Emre", "Farah", "Goran", "Hana", "Idris", "Jolanta",
    "Kofi", "Lena", "Milos", "Nadia", "Omar", "Petra", "Quentin", "Rosa", "Samir", "Tomasz",
    "Ursula", "Viktor", "Wanda", "Xenia", "Yusuf", "Zora",
)  # fmt: skip
LAST_NAMES = (
    "Adler", "Brandt", "Costa", "Diallo", "Eriksen", "Fischer", "Garcia", "Horvat", "Ivanov",
    "Jansen", "Kaya", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Quispe", "Rossi",
    "Sato", "Tamm", "Ullmann", "Varga", "Weber", "Yilmaz", "Zielinski",
)  # fmt: skip
PLACES = (
    "Alder", "Beacon", "Canal", "Dock", "Elm", "Foundry", "Granary", "Harbour", "Island",
    "Junction", "Kiln", "Lantern", "Mill", "North Gate", "Orchard", "Park", "Quay", "River",
    "Station", "Tower", "Union", "Victoria", "West End", "Yard",
)  # fmt: skip
KIND_WORDS = {
    "office": "Offices",
    "retail": "Centre",
    "warehouse": "Warehouse",
    "campus": "Campus",
    "construction": "Building Site",
}


def person_name(draw: float) -> str:
    """
    Return a first and last name for a number in [0, 1).

    >>> person_name(0.0)
    'Amara Adler'
    """
    pair = int(draw * len(FIRST_NAMES) * len(LAST_NAMES))
    return f"{FIRST_NAMES[pair % len(FIRST_NAMES)]} {LAST_NAMES[pair // len(FIRST_NAMES)]}"


def place_name(index: int, *, kind: str) -> str:
    """
    Return the name of the site with that index; it repeats with a number after two dozen.

    >>> place_name(0, kind="office"), place_name(25, kind="retail")
    ('Alder Offices', 'Beacon Centre 2')
    """
    round_, position = divmod(index, len(PLACES))
    suffix = f" {round_ + 1}" if round_ else ""
    return f"{PLACES[position]} {KIND_WORDS[kind]}{suffix}"
