"""The one grammar of filters, periods, fields, cursors and rows."""
