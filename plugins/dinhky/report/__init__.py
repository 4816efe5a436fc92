"""The compiled report: its facts, the Word document that states them, the Excel annex that lists them."""
