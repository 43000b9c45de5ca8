"""What all pages stand on: sessions, guards, rendering, navigation and forms. It knows no area."""
