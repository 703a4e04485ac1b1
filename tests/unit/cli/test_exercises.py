import pytest

from lacre.cli.exercises import looks_like_password, parse
from lacre.seal.model import Exercise


@pytest.mark.parametrize(
    "command",
    [
        "PGPASSWORD=hunter2 psql -h $LACRE_DB",
        "MYSQL_PWD='x y z' mysql",
        "export API_TOKEN=abc123; sh smoke.sh",
        "curl -u admin:s3cret http://$LACRE_WEB_80/",
        "curl --user 'admin:s3cret' http://x",
        "curl http://admin:s3cret@$LACRE_WEB_80/",
        "curl -H 'Authorization: Bearer abcdef123' http://x",
        "redis-cli -h $LACRE_CACHE -a s3cret ping",
        "mysql -uroot -ps3cret -e 'select 1'",
        "tool --password s3cret",
        "tool --password=s3cret",
        "client_secret=abcdef sh x",
        'curl -d \'{"password": "s3cret"}\' http://x',
        "git clone https://ghp_abcdefghijklmnopqrst0123@x",
        "echo eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.x",
    ],
)
def test_a_password_that_is_written_out_is_seen(command: str) -> None:
    assert looks_like_password(command)


@pytest.mark.parametrize(
    "command",
    [
        "sh smoke.sh",
        "curl -fsS http://$LACRE_WEB_80/",
        "PGPASSWORD=$DB_PASSWORD psql -h $LACRE_DB",
        'PGPASSWORD="$(cat .secret)" psql',
        "curl -u $USER:$PASS http://x",
        "curl -u admin:$PASS http://x",
        "redis-cli -h $LACRE_CACHE -a $PASS ping",
        "redis-cli -h $LACRE_CACHE ping",
        "mysql -h $LACRE_DB -e 'select 1'",
        "tool --password-file /run/secrets/x",
        "curl http://$LACRE_WEB_80/reset-password?user=1",
        "curl https://localhost:8443/",
        "psql -p5432",
    ],
)
def test_a_variable_or_nothing_of_the_kind_is_no_password(command: str) -> None:
    assert not looks_like_password(command)


def test_an_exercise_is_for_one_service_only_if_it_starts_with_exactly_its_name() -> None:
    typed = ("web=curl a=b", "PGPASSWORD=x psql", "we=true", "sh x", "=x")
    assert parse(typed, {"web", "db"}) == (
        Exercise(command="curl a=b", service="web"),
        Exercise(command="PGPASSWORD=x psql"),
        Exercise(command="we=true"),
        Exercise(command="sh x"),
        Exercise(command="=x"),
    )
