"""The regions of the Geographic routing method: the world, its groupings, countries and states.

Written from public knowledge (ISO 3166 and Microsoft's page on Traffic Manager's regions): codes
and groupings are the service's; some of its names may be spelled otherwise than ours.
"""

from functools import cache

# grouping -> (name, countries); a country is its code, a blank and its name
_GROUPINGS = {
    "GEO-EU": (
        "Europe",
        "AD Andorra|AL Albania|AT Austria|AX Åland Islands|BA Bosnia and Herzegovina|BE Belgium|"
        "BG Bulgaria|BY Belarus|CH Switzerland|CY Cyprus|CZ Czech Republic|DE Germany|DK Denmark|"
        "EE Estonia|ES Spain|FI Finland|FO Faroe Islands|FR France|GB United Kingdom|GG Guernsey|"
        "GI Gibraltar|GR Greece|HR Croatia|HU Hungary|IE Ireland|IM Isle of Man|IS Iceland|"
        "IT Italy|JE Jersey|LI Liechtenstein|LT Lithuania|LU Luxembourg|LV Latvia|MC Monaco|"
        "MD Moldova|ME Montenegro|MK North Macedonia|MT Malta|NL Netherlands|NO Norway|PL Poland|"
        "PT Portugal|RO Romania|RS Serbia|RU Russia|SE Sweden|SI Slovenia|SJ Svalbard|"
        "SK Slovakia|SM San Marino|UA Ukraine|VA Vatican City|XJ Jan Mayen|XK Kosovo",
    ),
    "GEO-ME": (
        "Middle East",
        "AE United Arab Emirates|BH Bahrain|IL Israel|IQ Iraq|IR Iran|JO Jordan|KW Kuwait|"
        "LB Lebanon|OM Oman|PS Palestinian Authority|QA Qatar|SY Syria|SA Saudi Arabia|TR Turkey|"
        "YE Yemen",
    ),
    "GEO-NA": (
        "North America / Central America / Caribbean",
        "AG Antigua and Barbuda|AI Anguilla|AW Aruba|BB Barbados|BL Saint Barthélemy|BM Bermuda|"
        "BQ Bonaire|BS Bahamas|BZ Belize|CA Canada|CR Costa Rica|CU Cuba|CW Curaçao|DM Dominica|"
        "DO Dominican Republic|GD Grenada|GL Greenland|GP Guadeloupe|GT Guatemala|HN Honduras|"
        "HT Haiti|JM Jamaica|KN Saint Kitts and Nevis|KY Cayman Islands|LC Saint Lucia|"
        "MF Saint Martin|MQ Martinique|MS Montserrat|MX Mexico|NI Nicaragua|PA Panama|"
        "PM Saint Pierre and Miquelon|PR Puerto Rico|SV El Salvador|SX Sint Maarten|"
        "TC Turks and Caicos Islands|TT Trinidad and Tobago|UM U.S. Outlying Islands|"
        "US United States|VC Saint Vincent and the Grenadines|VG British Virgin Islands|"
        "VI U.S. Virgin Islands|XE Sint Eustatius|XS Saba",
    ),
    "GEO-AS": (
        "Asia",
        "AF Afghanistan|AM Armenia|AZ Azerbaijan|BD Bangladesh|BN Brunei|BT Bhutan|"
        "CC Cocos (Keeling) Islands|CN China|CX Christmas Island|GE Georgia|HK Hong Kong SAR|"
        "ID Indonesia|IN India|IO British Indian Ocean Territory|JP Japan|KG Kyrgyzstan|"
        "KH Cambodia|KP North Korea|KR Korea|KZ Kazakhstan|LA Laos|LK Sri Lanka|MM Myanmar|"
        "MN Mongolia|MO Macao SAR|MV Maldives|MY Malaysia|NP Nepal|PH Philippines|PK Pakistan|"
        "SG Singapore|TH Thailand|TJ Tajikistan|TL Timor-Leste|TM Turkmenistan|TW Taiwan|"
        "UZ Uzbekistan|VN Vietnam",
    ),
    "GEO-AF": (
        "Africa",
        "AO Angola|BF Burkina Faso|BI Burundi|BJ Benin|BV Bouvet Island|BW Botswana|"
        "CD Congo (DRC)|CF Central African Republic|CG Congo|CI Côte d'Ivoire|CM Cameroon|"
        "CV Cabo Verde|DJ Djibouti|DZ Algeria|EG Egypt|ER Eritrea|ET Ethiopia|GA Gabon|GH Ghana|"
        "GM Gambia|GN Guinea|GQ Equatorial Guinea|GW Guinea-Bissau|KE Kenya|KM Comoros|"
        "LR Liberia|LS Lesotho|LY Libya|MA Morocco|MG Madagascar|ML Mali|MR Mauritania|"
        "MU Mauritius|MW Malawi|MZ Mozambique|NA Namibia|NE Niger|NG Nigeria|RE Réunion|"
        "RW Rwanda|SC Seychelles|SD Sudan|SH Saint Helena, Ascension and Tristan da Cunha|"
        "SL Sierra Leone|SN Senegal|SO Somalia|SS South Sudan|ST São Tomé and Príncipe|"
        "SZ Swaziland|TD Chad|TF French Southern Territories|TG Togo|TN Tunisia|TZ Tanzania|"
        "UG Uganda|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe",
    ),
    "GEO-AN": ("Antarctica", "AQ Antarctica"),
    "GEO-SA": (
        "South America",
        "AR Argentina|BO Bolivia|BR Brazil|CL Chile|CO Colombia|EC Ecuador|FK Falkland Islands|"
        "GF French Guiana|GS South Georgia and South Sandwich Islands|GY Guyana|PE Peru|"
        "PY Paraguay|SR Suriname|UY Uruguay|VE Venezuela",
    ),
    "GEO-AP": (
        "Australia / Pacific",
        "AS American Samoa|AU Australia|CK Cook Islands|FJ Fiji|FM Micronesia|GU Guam|"
        "HM Heard Island and McDonald Islands|KI Kiribati|MH Marshall Islands|"
        "MP Northern Mariana Islands|NC New Caledonia|NF Norfolk Island|NR Nauru|NU Niue|"
        "NZ New Zealand|PF French Polynesia|PG Papua New Guinea|PN Pitcairn Islands|PW Palau|"
        "SB Solomon Islands|TK Tokelau|TO Tonga|TV Tuvalu|VU Vanuatu|WF Wallis and Futuna|"
        "WS Samoa",
    ),
}

# country -> its states, each with the country's code before its own
_STATES = {
    "AU": "ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|"
    "QLD Queensland|SA South Australia|TAS Tasmania|VIC Victoria|WA Western Australia",
    "CA": "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|"
    "NL Newfoundland and Labrador|NS Nova Scotia|NT Northwest Territories|NU Nunavut|ON Ontario|"
    "PE Prince Edward Island|QC Quebec|SK Saskatchewan|YT Yukon",
    "UA": "CR Region of Crimea",
    "US": "AK Alaska|AL Alabama|AR Arkansas|AZ Arizona|CA California|CO Colorado|CT Connecticut|"
    "DC District of Columbia|DE Delaware|FL Florida|GA Georgia|HI Hawaii|IA Iowa|ID Idaho|"
    "IL Illinois|IN Indiana|KS Kansas|KY Kentucky|LA Louisiana|MA Massachusetts|MD Maryland|"
    "ME Maine|MI Michigan|MN Minnesota|MO Missouri|MS Mississippi|MT Montana|NC North Carolina|"
    "ND North Dakota|NE Nebraska|NH New Hampshire|NJ New Jersey|NM New Mexico|NV Nevada|"
    "NY New York|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|"
    "SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VA Virginia|VT Vermont|"
    "WA Washington|WI Wisconsin|WV West Virginia|WY Wyoming",
}


@cache
def hierarchy() -> dict[str, object]:
    """Return the whole tree as ARM shows it: code, name and regions, from the world down."""
    groupings = [
        _region(code, name, [_country(*_split(text)) for text in countries.split("|")])
        for code, (name, countries) in _GROUPINGS.items()
    ]
    return _region("WORLD", "World", groupings)


@cache
def codes() -> frozenset[str]:
    """Return every code that a geoMapping may hold."""
    countries = [_split(text)[0] for _, group in _GROUPINGS.values() for text in group.split("|")]
    states = [
        f"{country}-{_split(text)[0]}"
        for country, group in _STATES.items()
        for text in group.split("|")
    ]
    return frozenset({"WORLD", *_GROUPINGS, *countries, *states})


def _country(code: str, name: str) -> dict[str, object]:
    states = [_split(text) for text in _STATES.get(code, "").split("|") if text]
    return _region(code, name, [_region(f"{code}-{state}", called, []) for state, called in states])


def _split(text: str) -> tuple[str, str]:
    code, _, name = text.partition(" ")
    return code, name


def _region(code: str, name: str, regions: list[dict[str, object]]) -> dict[str, object]:
    return {"code": code, "name": name, "regions": regions}
