"""How the page looks: Gradio's own theme, but for letters and contrast, and what our own parts need."""

import gradio as gr

FONTS = ("system-ui", "sans-serif")  # the bold face that Gradio brings has no Latin letters but A and B
THEME = gr.themes.Default(font=FONTS, font_mono=("ui-monospace", "monospace")).set(  # text at least 4.5 : 1
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_800",
    body_text_color_subdued="*neutral_500",
)
STYLE = """
#board { display: grid; grid-template: "shown talk" auto "more talk" 1fr / 2fr 3fr; align-items: start; }
#shown { grid-area: shown; } #talk { grid-area: talk; } #more { grid-area: more; }
#pictures { --row: 180px; }
#pictures .grid-container { grid-auto-rows: var(--row); grid-template-rows: none; }
#pictures .thumbnail-item { aspect-ratio: auto; }
#pictures .grid-container:not(:has(.gallery-item + .gallery-item)) { --grid-cols: 1 !important; }
#pictures .grid-wrap > .icon-button-wrapper, #pictures .grid-wrap > .icon-buttons { display: none; }
#pictures .delete-button { opacity: 1; visibility: visible; min-width: 32px; min-height: 32px; }
#picture .icon-wrap { display: none; }
#tries { flex-wrap: wrap; } #tries button { flex: 0 1 auto; min-width: 0; white-space: normal; }
#chat img { max-height: 96px; width: auto; }
#chat .placeholder-content { padding: 0 1rem; text-align: center; }
#chat .user-row:has(img) + .message-buttons-right { display: none; }  /* to share: pictures stay here */
.toast-title { display: none; }  /* it says "Warning", whatever the language: the icon does, too */
#heat .image-container { padding-top: 1.75rem; }  /* below its label */
@media (max-width: 700px) {
  #board { grid-template: "shown" "talk" "more" / 100%; }
  #title h2 { font-size: 1.15rem; }
  #pictures { --row: 112px; height: 130px !important; } #pictures .grid-wrap { height: 130px !important; }
  #pictures .grid-container { --grid-cols: 3 !important; }
  #picture { height: 120px !important; min-height: 0; }
  #picture .image-container { height: 120px !important; padding-top: 1rem; }
  #chat { height: 230px !important; } #more button { padding-inline: 0.25rem; }
}
@media (pointer: coarse) {  /* a finger wants more room */
  #pictures .delete-button, #picture .source-selection button { min-width: 44px; min-height: 44px; }
  #talk button.secondary, #talk button.primary, #more button { min-height: 44px; }
  #words .textspan { padding: 0.6rem; }
}
"""
