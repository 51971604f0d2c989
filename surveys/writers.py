"""Which fields of surveys are written by which service (see core.writers)."""

WRITERS = {
    "SurveyInvitation.*": "surveys.services.invite",
    "SurveyResponse.*": "surveys.services.respond",
    "BadRatingFollowUp.*": "surveys.services.followups",
}
