"""Vocabulary of the imaginary shop whose traffic the generator writes."""

_THINGS = """
    lamp chair table kettle mug plate bowl knife pan basket rug curtain pillow blanket towel
    mirror clock vase candle frame shelf drawer desk stool bench hook rack jar bottle cup tray
    spoon fork glove scarf hat sock boot sandal jacket shirt trouser belt wallet bag backpack
    umbrella watch ring radio speaker headphone cable charger battery torch tent stove bicycle
    helmet pump saddle lock bell rope paddle ball racket net board puzzle book notebook pencil
    brush paint canvas easel
"""
THINGS = tuple(_THINGS.split())

_QUALITIES = """
    red blue green black white grey amber ivory wooden steel copper brass cotton woollen linen
    leather bamboo ceramic glass small large narrow tall folding light heavy soft sturdy classic
    modern rustic nordic vintage compact portable waterproof insulated handmade organic recycled
"""
QUALITIES = tuple(_QUALITIES.split())

_TOPICS = """
    garden kitchen camping cycling reading painting travel winter summer lighting storage
    cleaning gift office balcony workshop
"""
TOPICS = tuple(_TOPICS.split())

_FIRST_NAMES = """
    ada ben carla dev elif femi gita hugo ines jon kofi lena mina noor omar pia quinn rosa sven
    tara uma vera wale xenia yara zoe
"""
FIRST_NAMES = tuple(_FIRST_NAMES.split())

# Search words that look like an attack to a careless rule and are none.
TRICKY = (
    "o'reilly notebook", "men's socks", "select a size", "union jack mug", "drop leaf table",
    "rock & roll poster", "50% off", "c++ book", "where to order", "table for 2 or 4",
    "script font stamp", "<3 gift", '10" pan', "cat bowl; dog bowl", "a/b switch",
    "null modem cable", "exec chair", "-- new --", "$100 voucher", "1=1 puzzle", "etc. box",
    "like new bicycle",
)  # fmt: skip

PHONES = (
    "Pixel 7", "Pixel 8", "Pixel 9", "Pixel 10", "SM-S911B", "SM-S921B", "SM-S931B", "SM-A546B",
    "SM-A556B", "SM-A356B", "2201116SG", "23021RAA2Y", "CPH2487", "CPH2581", "moto g84 5G",
    "XQ-DQ54", "V2250", "RMX3771", "NE2213", "A065",
)  # fmt: skip

PROBED = (
    "/.env", "/.env.bak", "/.git/config", "/.git/HEAD", "/.svn/entries", "/.aws/credentials",
    "/.DS_Store", "/.vscode/sftp.json", "/wp-login.php", "/wp-admin/setup-config.php",
    "/xmlrpc.php", "/wp-content/plugins/hello.php", "/phpmyadmin/index.php", "/pma/",
    "/adminer.php", "/admin.php", "/administrator/", "/manager/html", "/actuator/env",
    "/actuator/heapdump", "/server-status", "/config.php.bak", "/backup.zip", "/backup.sql",
    "/dump.sql", "/db.sql.gz", "/web.config", "/phpinfo.php", "/info.php", "/shell.php",
    "/cgi-bin/test-cgi", "/boaform/admin/formLogin", "/HNAP1/", "/solr/admin/info/system",
    "/jenkins/script", "/console/", "/owa/auth/logon.aspx", "/autodiscover/autodiscover.xml",
    "/vendor/phpunit/phpunit/phpunit.xml", "/composer.lock", "/id_rsa", "/.ssh/id_rsa",
    "/docker-compose.yml", "/Dockerfile", "/swagger.json", "/v2/api-docs", "/api/v1/debug/vars",
    "/debug/default/view", "/_ignition/health-check", "/telescope/requests",
)  # fmt: skip
