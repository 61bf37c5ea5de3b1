"""A demonstration: invented institutions with small lessons of this project's own, to look at and to take away again.

What belongs to it can be told everywhere: the slugs of its institutions begin with :data:`PREFIX`, its records bear
:data:`KEYWORDS`, and the audit log knows :data:`MAKER` as who made each of its things.
"""

from collections.abc import Mapping

from oer.policy import Actor

PREFIX = "demo-"

KEYWORDS: Mapping[str, str] = {"ar": "عرض تجريبي", "fr": "démonstration", "en": "demonstration"}
"""Of every record; one of them is enough to know a record by."""

SAID: Mapping[str, str] = {
    "ar": "من العرض التجريبي للمستودع: المؤسسات والأشخاص هنا من نسج الخيال، أما الدروس فحقيقية ويمكن استعمالها.",
    "fr": "Exemple de démonstration : les institutions et les personnes sont imaginaires, les leçons sont vraies et "
    "peuvent servir.",
    "en": "Part of a demonstration: institutions and people are invented, the lessons are real and may be used.",
}
"""What each institution and each record says of itself to people."""

MAKER = Actor(person_id=None, name="demo", administrator=True)
"""Who makes and removes the demonstration."""
