"""A Django REST Framework service with SimpleJWT as its manual has it; what its users upload goes on to Mezz under their own token."""

import urllib.error
import urllib.request
from datetime import timedelta
from os import environ
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

settings.configure(
    SECRET_KEY=environ['SECRET_KEY'],
    ALLOWED_HOSTS=['*'],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'rest_framework'],
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': environ['DATABASE']}},
    REST_FRAMEWORK={'DEFAULT_AUTHENTICATION_CLASSES': ['rest_framework_simplejwt.authentication.JWTAuthentication']},
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken
from rest_framework_simplejwt.views import TokenObtainPairView


@api_view(['POST'])
@permission_classes([IsAuthenticated])
def orders(request):
    """Stores a day's orders as a dataset, as the user who asks."""
    to_mezz = urllib.request.Request(
        f"{environ['MEZZ']}/default/ingest/datasets?name=orders",
        data=request.data['csv'].encode(),
        headers={'Content-Type': 'text/csv', 'Authorization': request.headers['Authorization']},
    )
    try:
        with urllib.request.urlopen(to_mezz) as answer:
            return Response(status=answer.status)
    except urllib.error.HTTPError as refused:
        return Response(refused.read(), status=refused.code)


@api_view(['GET'])
@permission_classes([AllowAny])
def others(request):
    """Tokens of this service that Mezz must not take."""
    user = User.objects.get()
    expired, of_nobody = AccessToken.for_user(user), AccessToken()
    expired.set_exp(lifetime=timedelta(minutes=-5))
    return Response({'refresh': str(RefreshToken.for_user(user)), 'expired': str(expired), 'of_nobody': str(of_nobody)})


urlpatterns = [path('token/', TokenObtainPairView.as_view()), path('orders/', orders), path('others/', others)]

call_command('migrate', verbosity=0)
User.objects.create_user('ada', password=environ['PASSWORD'])
from django.core.wsgi import get_wsgi_application


class Silent(WSGIRequestHandler):
    def log_message(self, *_):
        pass


server = make_server('127.0.0.1', 0, get_wsgi_application(), handler_class=Silent)
print(f'ready {server.server_port}', flush=True)
server.serve_forever()
