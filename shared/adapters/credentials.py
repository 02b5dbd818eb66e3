"""The one credential of the process, made at first use (its import alone costs 0.2 s)."""

from azure.core.credentials import TokenCredential

from shared.settings import Settings


def credential(settings: Settings) -> TokenCredential:
    """Return the credential that the settings name: managed identity, or the user's own `az`."""
    from azure.identity import AzureCliCredential, ManagedIdentityCredential

    if settings.credential == "azure-cli":
        return AzureCliCredential()
    return ManagedIdentityCredential(client_id=settings.client_id or None)
