"""Middle and reach of countries, for databases that know no more than the country.

Written by hand, to about a degree: middle in degrees north and east, and the radius in km within
which nearly everybody of the country is. Wide rather than narrow, as it only serves to say that two
addresses cannot be near each other. Countries that are missing have no place.
"""

_TABLE = """
AE 24 54 300|AF 34 66 700|AL 41 20 200|AM 40 45 200|AO -12 18 800|AR -36 -64 1900|AT 48 14 300
AU -27 134 2300|AZ 40 48 300|BA 44 18 200|BD 24 90 400|BE 51 4 180|BG 43 25 300|BH 26 51 60
BO -17 -65 800|BR -12 -52 2300|BY 54 28 400|CA 53 -95 2700|CH 47 8 200|CI 8 -5 400|CL -34 -71 2400
CM 6 12 600|CN 34 106 2500|CO 4 -74 900|CR 10 -84 250|CU 22 -79 600|CY 35 33 120|CZ 50 15 280
DE 51 10 480|DK 56 10 300|DO 19 -70 220|DZ 33 3 1300|EC -2 -78 500|EE 59 25 200|EG 27 30 700
ES 40 -4 700|ET 9 40 800|FI 64 26 650|FR 47 2 600|GB 54 -2 650|GE 42 44 280|GH 8 -1 400
GR 39 23 500|GT 15 -90 250|HK 22 114 50|HN 15 -87 300|HR 45 16 280|HU 47 20 280|ID -3 115 2600
IE 53 -8 280|IL 32 35 250|IN 22 79 1700|IQ 33 44 550|IR 32 54 1000|IS 65 -18 300|IT 43 12 700
JM 18 -77 120|JO 31 37 300|JP 36 138 1500|KE 0 38 600|KG 41 75 500|KH 12 105 350|KR 36 128 350
KW 29 48 120|KZ 48 67 1600|LA 18 104 550|LB 34 36 130|LK 7 81 250|LT 55 24 220|LU 50 6 60
LV 57 25 250|MA 32 -6 800|MD 47 29 200|ME 43 19 120|MK 42 22 130|MM 20 96 950|MN 47 104 1300
MT 36 14 30|MX 23 -102 1700|MY 4 109 1100|MZ -18 36 1100|NG 9 8 750|NI 13 -85 300|NL 52 5 200
NO 64 12 1100|NP 28 84 500|NZ -41 174 900|OM 21 57 600|PA 9 -80 350|PE -9 -75 1100|PH 12 122 1000
PK 30 70 1000|PL 52 19 420|PR 18 -66 110|PT 39 -8 1600|PY -23 -58 550|QA 25 51 100|RO 46 25 400
RS 44 21 280|RU 58 75 4500|SA 24 45 1100|SE 62 16 850|SG 1 104 40|SI 46 15 140|SK 49 19 250
SN 14 -14 400|SV 14 -89 150|SY 35 38 400|TH 14 101 900|TN 34 9 450|TR 39 35 900|TW 24 121 250
TZ -6 35 700|UA 49 31 750|UG 1 32 350|US 40 -100 4600|UY -33 -56 330|UZ 41 64 800|VE 8 -66 800
VN 16 107 950|YE 15 47 600|ZA -29 25 1000|ZM -14 28 750|ZW -19 30 450
"""

PLACES: dict[str, tuple[float, float, float]] = {}
for _entry in _TABLE.replace("\n", "|").split("|"):
    if _entry:
        _code, *_numbers = _entry.split()
        PLACES[_code] = (float(_numbers[0]), float(_numbers[1]), float(_numbers[2]))
"""ISO 3166-1 code → latitude, longitude, radius in km."""
