"""An explanation as a Mermaid flow chart."""

from symgrad.explain.data import ExplanationData

__all__ = ["as_mermaid"]

_SHAPES = {"input": ("[/", "/]"), "shared": ("[(", ")]"), "cost": ("((", "))"), "wrt": ("{{", "}}")}
_ESCAPES = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"}


def as_mermaid(explanation: ExplanationData) -> str:
    """Solid arrows for values, dotted arrows for adjoints, labelled with their terms."""
    lines = ["flowchart TB"]
    for node in explanation.nodes:
        left, right = _SHAPES.get(node.kind, ("[", "]"))
        formula = f"{node.name} = {node.forward.plain()}" if node.forward else node.name
        label = _escaped(f"{formula}  ({', '.join(node.shape)})")
        lines.append(f'  {node.id}{left}"{label}"{right}')
    for node in explanation.nodes:
        lines.extend(f"  {source} --> {node.id}" for source in node.inputs)
    for node in explanation.nodes:
        for contribution in node.contributions:
            label = _escaped(contribution.term.plain())
            lines.append(f'  {contribution.consumer} -. "{label}" .-> {node.id}')
    return "\n".join(lines)


def _escaped(text):
    return "".join(_ESCAPES.get(letter, letter) for letter in text)
