from surveys.models.followup import BadRatingFollowUp
from surveys.models.invitation import SurveyInvitation, SurveyResponse
from surveys.models.survey import ReasonTag, Survey, SurveyQuestion

__all__ = ["BadRatingFollowUp", "ReasonTag", "Survey", "SurveyInvitation", "SurveyQuestion", "SurveyResponse"]
