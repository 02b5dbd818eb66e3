"""Azure regions: the names that ARM takes and the display names that it answers."""

# Display names as `az account list-locations` prints them; the short name is the display name
# in lower case without blanks, which holds for every public region.
_DISPLAY_NAMES = (
    "East US", "East US 2", "South Central US", "West US", "West US 2", "West US 3", "Central US",
    "North Central US", "West Central US", "Canada Central", "Canada East", "Mexico Central",
    "Brazil South", "Brazil Southeast", "Chile Central", "North Europe", "West Europe", "UK South",
    "UK West", "France Central", "France South", "Germany West Central", "Germany North",
    "Switzerland North", "Switzerland West", "Norway East", "Norway West", "Sweden Central",
    "Sweden South", "Italy North", "Spain Central", "Poland Central", "Austria East",
    "Belgium Central", "Israel Central", "Qatar Central", "UAE North", "UAE Central",
    "South Africa North", "South Africa West", "Central India", "South India", "West India",
    "Jio India West", "Jio India Central", "East Asia", "Southeast Asia", "Japan East",
    "Japan West", "Korea Central", "Korea South", "Indonesia Central", "Malaysia West",
    "New Zealand North", "Australia East", "Australia Southeast", "Australia Central",
    "Australia Central 2",
)  # fmt: skip

_BY_SHORT_NAME = {name.replace(" ", "").lower(): name for name in _DISPLAY_NAMES}


def names() -> dict[str, str]:
    """Return every region's short name and display name."""
    return dict(_BY_SHORT_NAME)


def display_name(location: str) -> str | None:
    """Return "East US 2" for "eastus2" or "East US 2", None for what is no region."""
    return _BY_SHORT_NAME.get(location.replace(" ", "").lower())
