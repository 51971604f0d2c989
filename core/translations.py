"""Catalogues without gettext's binaries: texts found by Babel and Django's own template reader, kept by polib.

Packages whose pages we show bring texts of their own, some without Chinese (Unfold has none): those stand in our
catalogue too, which Django asks first.
"""

import importlib.util
import io
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation.reloader import translation_file_changed
from django.utils.translation.template import templatize

#: function → which arguments are text; `c` marks the context
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
#: folders with nothing that people read
SKIPPED = {"var", "tests", "bench", "scripts", "migrations", "node_modules", "docs", "deploy"}

#: packages whose texts appear on our pages → their parts that we do not show
PACKAGES: dict[str, tuple[str, ...]] = {
    "unfold": (
        "contrib/constance",
        "contrib/forms",
        "contrib/guardian",
        "contrib/inlines",
        "templates/unfold_crispy",
    ),
    "import_export": (),
    "simple_history": ("management",),
    "django_q": ("cluster.py", "management", "monitor_terminal.py", "timeout.py", "worker.py"),
    "allauth": ("idp",),
    "rest_framework": (),
}

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%s|\{\w*\}")

#: context, text, plural text
Key = tuple[str | None, str, str | None]


def catalogues() -> list[Path]:
    """The .po files of this project."""
    return sorted((Path(settings.BASE_DIR) / "locale").glob("*/LC_MESSAGES/django.po"))


def texts_in_source() -> dict[Key, set[str]]:
    """Every text that code or a template marks for translation, and the files it stands in."""
    found: dict[Key, set[str]] = {}
    for path in _sources(Path(settings.BASE_DIR)):
        for key in _texts_in(path):
            found.setdefault(key, set()).add(path.relative_to(settings.BASE_DIR).as_posix())
    return found


def texts_of_packages(locale: str) -> dict[Key, set[str]]:
    """The texts of PACKAGES which neither they nor Django translate into `locale` ("zh_Hans"), and their files."""
    done = _translated_by_django(locale)
    found: dict[Key, set[str]] = {}
    for package, unseen in PACKAGES.items():
        root = _folder_of(package)
        done |= _translations_in(root / "locale" / locale)
        for path in _sources(root):
            name = path.relative_to(root).as_posix()
            if not name.startswith(unseen):
                for key in _texts_in(path):
                    found.setdefault(key, set()).add(f"{package}/{name}")
    return {key: files for key, files in found.items() if key[:2] not in done}


def texts_wanted(path: Path) -> dict[Key, set[str]]:
    """What a catalogue has to hold: our texts and those that packages leave to us."""
    wanted = texts_in_source()
    ours = {key[:2] for key in wanted}
    for key, files in texts_of_packages(path.parts[-3]).items():
        if key[:2] not in ours:
            wanted[key] = files
    return wanted


def _texts_in(path: Path) -> Iterator[Key]:
    source = path.read_text(encoding="utf-8")
    code = source if path.suffix == ".py" else _code_of_template(source, path)
    for _line, text, _comments, context in extract(
        "python", io.BytesIO(code.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
    ):
        singular, plural = text[:2] if isinstance(text, tuple) else (text, None)
        if singular:
            yield context, singular, plural


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).parent


def _translated_by_django(locale: str) -> set[tuple[str | None, str]]:
    root = _folder_of("django")
    done = _translations_in(root / "conf" / "locale" / locale)
    for folder in sorted((root / "contrib").iterdir()):
        done |= _translations_in(folder / "locale" / locale)
    return done


def _translations_in(folder: Path) -> set[tuple[str | None, str]]:
    path = folder / "LC_MESSAGES" / "django.mo"
    if not path.exists():
        return set()
    return {(entry.msgctxt, entry.msgid) for entry in polib.mofile(str(path)) if entry.msgid}


def _code_of_template(source: str, path: Path) -> str:
    """Calls of gettext and fillers, as Django makes them for xgettext; without indentation, which Python would read."""
    return "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())


def _sources(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(".py") or (
                name.endswith((".html", ".txt")) and "templates" in Path(folder).parts
            ):
                yield Path(folder) / name


def update(path: Path) -> tuple[int, int]:
    """Bring a catalogue up to date with the source: new texts get an empty entry, texts that are gone are dropped,
    translations stay as they are. Returns (added, dropped)."""
    catalogue = _read(path)
    found = texts_wanted(path)
    there = {(entry.msgctxt, entry.msgid): entry for entry in catalogue}
    wanted = _once_each(found)
    kept = polib.POFile(wrapwidth=110)
    kept.metadata = catalogue.metadata
    added = 0
    for key in sorted(wanted, key=lambda key: (key[1].casefold(), key[1], key[0] or "")):
        plural, files = wanted[key]
        entry = there.get(key)
        if entry is None or (entry.msgid_plural or None) != plural:
            added += 1
            entry = polib.POEntry(msgid=key[1], msgctxt=key[0])
            if plural:
                entry.msgid_plural, entry.msgstr_plural = (
                    plural,
                    dict.fromkeys(range(_plural_forms(path)), ""),
                )
        # lines change with every edit above them; the file is enough to find a text by
        entry.occurrences = [(name, "") for name in sorted(files)]
        if "python-format" not in entry.flags and "%(" in entry.msgid:
            entry.flags.append("python-format")
        kept.append(entry)
    _write(path, str(kept) + "\n")
    return added, len(there.keys() - wanted.keys())


def _once_each(found: dict[Key, set[str]]) -> dict[tuple[str | None, str], tuple[str | None, set[str]]]:
    """A text said with and without a number has one entry, with its plural: gettext finds the plain one in it."""
    merged: dict[tuple[str | None, str], tuple[str | None, set[str]]] = {}
    for (context, text, plural), files in found.items():
        other, others = merged.get((context, text), (None, set()))
        merged[context, text] = (plural or other, files | others)
    return merged


def _plural_forms(path: Path) -> int:
    return 1 if path.parts[-3].startswith("zh") else 2


def _read(path: Path) -> polib.POFile:
    if path.exists():
        return polib.pofile(str(path))
    empty = polib.POFile()
    language = path.parts[-3]
    plural = "nplurals=1; plural=0;" if _plural_forms(path) == 1 else "nplurals=2; plural=(n != 1);"
    empty.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plural,
    }
    return empty


def compile_all() -> list[Path]:
    """Write the .mo beside each .po that is newer; returns what was written."""
    written = []
    for path in catalogues():
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        # several processes may start at once: each writes its own file and moves it into place
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".mo.part")
        os.close(handle)
        polib.pofile(str(path)).save_as_mofile(temporary)
        os.chmod(temporary, 0o644)  # a public text, read by the server's user
        os.replace(temporary, target)
        written.append(target)
    if written:
        translation_file_changed(None, written[-1])  # what this process has read before was without them
    return written


def problems(path: Path) -> list[str]:
    """What keeps a catalogue from being complete: texts missing, untranslated, fuzzy, with other placeholders, or no
    longer in the source."""
    catalogue = _read(path)
    there = {(entry.msgctxt, entry.msgid): entry for entry in catalogue if not entry.obsolete}
    found = _once_each(texts_wanted(path))
    listed = [f"missing: {text!r}" for _context, text in sorted(found.keys() - there.keys(), key=str)]
    listed += [f"no longer used: {text!r}" for _context, text in sorted(there.keys() - found.keys(), key=str)]
    for (context, text), entry in there.items():
        translated = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if entry.fuzzy:
            listed.append(f"fuzzy: {text!r}")
        plural = found.get((context, text), (None, set()))[0]
        if plural and not entry.msgid_plural:
            listed.append(f"without its plural: {text!r}")
        if not all(translated):
            listed.append(f"untranslated: {text!r}")
        elif any(_placeholders(one) - _placeholders(text + (entry.msgid_plural or "")) for one in translated):
            listed.append(f"placeholders differ: {text!r}")
        elif not entry.msgid_plural and _placeholders(text) - _placeholders(entry.msgstr):
            listed.append(f"a placeholder is missing: {text!r}")
    return listed


def _placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
